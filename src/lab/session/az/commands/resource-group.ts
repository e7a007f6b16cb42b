import type { Arm } from '../arm.ts';
import { textAt } from '../json.ts';

/** The region of a resource group: what az puts in where --location is absent. Throws when there is no such group. */
export async function locationOf(arm: Arm, group: string): Promise<string> {
  const found = await arm.get(`${arm.subscription}/resourcegroups/${group}`, '2024-11-01');
  return textAt(found, 'location') ?? '';
}
