import type { Command } from 'commander';
import { KeyferryError, systemClock } from '#base';
import type { ControlClient, Trace, TraceRequest } from '#lab/session';
import { placeOf, runningLab, type LabPlace } from './access.ts';
import { json, outputOption, stateOption, type Output } from './options.ts';
import { palette, type Terminal } from '../terminal.ts';
import { renderTrace } from './trace-text.ts';
import { visible } from '../visible.ts';
import { createTraceFollower } from './trace-follower.ts';

interface TraceChoice extends LabPlace {
  readonly namespace: string;
  readonly cluster?: string;
  readonly follow: boolean;
  readonly output: Output;
}

const LOOK_EVERY_MS = 500;

const EXAMPLES = `
Examples:
  keyferry lab trace web-0
  keyferry lab trace web-0 -n shop --follow
  keyferry lab trace web-0 --output json | jq '.end'`;

/** Adds `keyferry lab trace POD`. */
export function addTraceCommand(lab: Command, terminal: Terminal): void {
  lab
    .command('trace')
    .description("the way of a pod's secrets, hop by hop: token, exchange, reads, files, Secrets; and where it ends")
    .argument('<pod>', 'the pod')
    .option('-n, --namespace <name>', 'the namespace of the pod', 'default')
    .option('--cluster <name>', 'the cluster of the pod, where several have one of its name')
    .option('--follow', 'go on with what happens next, until Ctrl-C or the end of the pod', false)
    .addOption(stateOption())
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: TraceChoice) => {
      // As "kubectl get -o name" prints it.
      const pod = name.replace(/^pods?\//, '');
      const { control } = await runningLab(placeOf(options, terminal));
      const { namespace, cluster, output } = options;
      const request = { pod, namespace, cluster };
      if (options.follow) {
        await follow(control, request, output, terminal);
        return;
      }
      const trace = await control.trace(request);
      terminal.out(output === 'json' ? json(trace) : renderTrace(visible(trace), palette(terminal)));
    });
}

async function follow(
  control: ControlClient,
  request: TraceRequest,
  output: Output,
  terminal: Terminal,
): Promise<void> {
  const follower = createTraceFollower(palette(terminal));
  let last: string | undefined;
  for (;;) {
    const trace = await lookAgain(control, request, last !== undefined);
    if (trace === undefined) {
      terminal.err('the pod is gone\n');
      return;
    }
    const text = JSON.stringify(trace);
    if (output === 'text') terminal.out(follower.news(visible(trace)));
    else if (text !== last) terminal.out(`${text}\n`);
    last = text;
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

/** Undefined once a pod that was there is gone. */
async function lookAgain(control: ControlClient, request: TraceRequest, wasThere: boolean): Promise<Trace | undefined> {
  try {
    return await control.trace(request);
  } catch (error) {
    if (wasThere && error instanceof KeyferryError && error.code === 'not-found') return undefined;
    throw error;
  }
}
