import { json } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';

const TYPE = 'Microsoft.Features/providers/features';
const PATH = '/subscriptions/:subscription/providers/Microsoft.Features/providers/:namespace/features/:feature';

/** Preview features of providers: whichever somebody asks for is registered already, as the lab holds nothing back. */
export function createFeatureRoutes(): readonly ArmRoute[] {
  const show = ({ params: { subscription = '', namespace = '', feature = '' } }: ArmCall) =>
    json(200, {
      id: `/subscriptions/${subscription}/providers/Microsoft.Features/providers/${namespace}/features/${feature}`,
      name: `${namespace}/${feature}`,
      type: TYPE,
      properties: { state: 'Registered' },
    });
  const operation = 'Microsoft.Features/providers/features';
  return [
    { method: 'GET', path: PATH, operation: `${operation}/read`, handle: show },
    { method: 'POST', path: `${PATH}/register`, operation: `${operation}/register/action`, handle: show },
  ];
}
