export { AZ_CHOICES, findProgram, wantsBuiltinAz, type AzChoice } from './az-choice.ts';
export { createControlClient, type ControlClient } from './control-client.ts';
export { labEnvironment, renderExports, type EnvironmentOptions } from './environment.ts';
export { startLab, type Lab, type LabOptions } from './lab.ts';
export { launchLab, type LaunchedLab, type LaunchOptions, type ReadyMessage } from './launch.ts';
export { packageRoot } from './package-root.ts';
export { runCommand } from './run-command.ts';
export { defaultStateRoot, readEndpoint, stateFolder, type LabEndpoint, type StateFolder } from './state-folder.ts';
export { renderStatus, type ClusterSummary, type LabStatus, type PodSummary } from './status.ts';
