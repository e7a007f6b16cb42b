import type { Reporter, TestModule } from 'vitest/node';

/** What the issue of hostile input asks for, of the endurance tier. */
const WANTED = 1_000_000;

/** Says at the end of a run how many inputs the fuzzed parsers were given, and fails a whole endurance run with too few. */
export default class FuzzReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = modules
      .flatMap((module) => [...module.children.allTests()])
      .map((test) => test.meta().fuzzInputs ?? 0)
      .filter((count) => count > 0);
    if (counts.length === 0) return;
    const sum = counts.reduce((total, count) => total + count, 0);
    console.log(`\n      Fuzzed  ${counts.length} parsers with ${sum.toLocaleString('en')} inputs`);
    const whole = modules.some((module) => module.moduleId.endsWith('/hostile-requests.test.ts'));
    if (whole && sum < WANTED) {
      console.error(`      A whole run is of ${WANTED.toLocaleString('en')} inputs`);
      process.exitCode = 1;
    }
  }
}
