import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Container } from '#kube';
import { parseLogEntry, type ContainerMount } from '../runtime/index.ts';

/** What a status holds of a message at most (kubecontainer.MaxContainerTerminationMessageLength). */
const MESSAGE_BYTES = 4096;
/** What is taken of a log instead (kubecontainer.MaxContainerTerminationMessageLogLength and -LogLines). */
const LOG_BYTES = 2048;
const LOG_LINES = 80;

/** Makes the file in which one run of a container can say why it ended, and answers how the container sees it. */
export async function prepareTerminationFile(
  podDir: string,
  container: Container,
  runId: string,
): Promise<ContainerMount | undefined> {
  const containerPath = container.terminationMessagePath ?? '/dev/termination-log';
  if (containerPath === '') return undefined;
  const hostPath = terminationFile(podDir, container.name, runId);
  await mkdir(dirname(hostPath), { recursive: true, mode: 0o750 });
  await writeFile(hostPath, '');
  // whoever the container runs as
  await chmod(hostPath, 0o666);
  return { hostPath, containerPath, readOnly: false };
}

/** The message of a run that has ended; undefined when it left none. */
export async function readTerminationMessage(input: {
  readonly podDir: string;
  readonly container: Container;
  readonly runId: string;
  readonly exitCode: number;
  readonly logPath: string;
}): Promise<string | undefined> {
  const { container, exitCode } = input;
  const own = await head(terminationFile(input.podDir, container.name, input.runId), MESSAGE_BYTES);
  if (own !== '') return own;
  if (container.terminationMessagePolicy !== 'FallbackToLogsOnError' || exitCode === 0) return undefined;
  return (await logEnd(input.logPath)) || undefined;
}

function terminationFile(podDir: string, container: string, runId: string): string {
  return join(podDir, 'containers', container, runId.slice(0, 8));
}

async function head(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
}

async function logEnd(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    // each entry has some forty bytes of its own before its text
    const length = Math.min(size, LOG_BYTES + LOG_LINES * 64);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const lines = splitLines(buffer).slice(-LOG_LINES);
    return Buffer.concat(lines).subarray(-LOG_BYTES).toString();
  } finally {
    await file.close();
  }
}

function splitLines(text: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0, end = text.indexOf(10); end !== -1; start = end + 1, end = text.indexOf(10, start)) {
    const entry = parseLogEntry(text.subarray(start, end));
    if (entry !== undefined) lines.push(Buffer.concat([entry.content, Buffer.from(entry.partial ? '' : '\n')]));
  }
  return lines;
}
