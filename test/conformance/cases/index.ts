import type { Case } from '../support/case.ts';
import { ACCESS_CASES } from './access.ts';
import { APPLY_CASES } from './apply.ts';
import { CUSTOM_RESOURCE_CASES } from './custom-resources.ts';
import { DISCOVERY_CASES } from './discovery.ts';
import { KIND_CASES } from './kinds.ts';
import { LIST_CASES } from './lists.ts';
import { OBJECT_CASES } from './objects.ts';
import { PATCH_CASES } from './patches.ts';
import { SUBRESOURCE_CASES } from './subresources.ts';
import { WATCH_CASES } from './watches.ts';

/** Every claim about the API that the lab is checked for. */
export const CASES: readonly Case[] = [
  ...DISCOVERY_CASES,
  ...OBJECT_CASES,
  ...LIST_CASES,
  ...WATCH_CASES,
  ...PATCH_CASES,
  ...APPLY_CASES,
  ...SUBRESOURCE_CASES,
  ...KIND_CASES,
  ...ACCESS_CASES,
  ...CUSTOM_RESOURCE_CASES,
];
