import { AzureError } from '../../rest/azure-error.ts';
import { json } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';

const TYPE = 'Microsoft.Resources/deployments';
const BASES = ['/subscriptions/:subscription', '/subscriptions/:subscription/resourceGroups/:group'];

/** Deployments of templates, which the lab does not run: it has none, and says so to who starts one. */
export function createDeploymentRoutes(): readonly ArmRoute[] {
  const refuse = (): never => {
    throw new AzureError(
      400,
      'DeploymentsNotSupported',
      'The lab does not deploy templates (ARM, Bicep). Create the resources with az, an SDK or Terraform.',
    );
  };
  const missing = ({ params: { deployment = '' } }: ArmCall): never => {
    throw new AzureError(404, 'DeploymentNotFound', `Deployment '${deployment}' could not be found.`);
  };
  return BASES.flatMap((base): readonly ArmRoute[] => {
    const list = `${base}/providers/${TYPE}`;
    const one = `${list}/:deployment`;
    return [
      { method: 'GET', path: list, operation: `${TYPE}/read`, handle: () => json(200, { value: [] }) },
      { method: 'GET', path: one, operation: `${TYPE}/read`, handle: missing },
      { method: 'PUT', path: one, operation: `${TYPE}/write`, handle: refuse },
      { method: 'POST', path: `${one}/validate`, operation: `${TYPE}/validate/action`, handle: refuse },
      { method: 'POST', path: `${one}/whatIf`, operation: `${TYPE}/whatIf/action`, handle: refuse },
    ];
  });
}
