import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from './client.ts';
import { outputOf } from './programs.ts';

const source = new URL('../sdk/java/', import.meta.url);
const LIBRARIES = ['azure-identity', 'azure-security-keyvault-secrets'];

/** The program of ../sdk/java, compiled, and the jars it stands on, from Maven Central. */
export const azureSdkJava: Client = {
  name: 'azure-sdk-java',
  summary: `${LIBRARIES.join(', ')} (Maven; some 20 seconds)`,
  inputs: ['pom.xml', 'Scenarios.java'].map((file) => readFileSync(new URL(file, source), 'utf8')),
  async missing() {
    try {
      await outputOf('javac', ['-version']);
      await outputOf('mvn', ['-version']);
      return undefined;
    } catch {
      return 'no javac and mvn on the PATH';
    }
  },
  async install(folder, run) {
    const pom = join(source.pathname, 'pom.xml');
    const lib = join(folder, 'lib');
    await run('mvn', ['--batch-mode', '--file', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`]);
    const classes = join(folder, 'classes');
    await run('javac', ['-cp', join(lib, '*'), '-d', classes, join(source.pathname, 'Scenarios.java')]);
  },
  programs: {},
  version(folder) {
    const jars = readdirSync(join(folder, 'lib'));
    const versions = LIBRARIES.map((library) => {
      const jar = jars.find((name) => name.startsWith(`${library}-`)) ?? `${library}-?.jar`;
      return `${library} ${jar.slice(library.length + 1, -'.jar'.length)}`;
    });
    return Promise.resolve(`Java: ${versions.join(', ')}`);
  },
};
