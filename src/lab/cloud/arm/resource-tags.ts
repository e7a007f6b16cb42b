import { AzureError } from '../rest/azure-error.ts';
import { isObject, type JsonObject } from '../rest/request.ts';
import { badRequest } from './arm-errors.ts';

const MAX_TAGS = 50;
const MAX_NAME_LENGTH = 512;
const MAX_VALUE_LENGTH = 256;
const RESERVED = new RegExp(String.raw`[<>%&\\?/\p{Cc}]`, 'u');

/**
 * Reads a body's tags: none when they are left out. Throws 400 when a value is no string, and for what breaks the limits of
 * Azure's documentation on tags: 50 of them, names of 512 and values of 256 characters, and the characters of a name.
 */
export function parseTags(value: unknown): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value) || !Object.values(value).every((tag) => typeof tag === 'string')) {
    throw badRequest('The tags must be an object whose values are strings.');
  }
  checkTags(value as Readonly<Record<string, string>>);
  return value;
}

function checkTags(tags: Readonly<Record<string, string>>): void {
  const names = Object.keys(tags);
  if (names.length > MAX_TAGS) {
    throw new AzureError(
      400,
      'InvalidTagsCount',
      `The number of tags is ${names.length}. A resource or resource group has at most ${MAX_TAGS} tags.`,
    );
  }
  const reserved = names.filter((name) => RESERVED.test(name));
  if (reserved.length > 0) {
    throw new AzureError(
      400,
      'InvalidTagNameCharacters',
      `The tag names '${reserved.join(', ')}' have reserved characters '<,>,%,&,\\,?,/' or control characters.`,
    );
  }
  refuseLong('name', 'InvalidTagName', names, MAX_NAME_LENGTH);
  refuseLong('value', 'InvalidTagValueLength', Object.values(tags), MAX_VALUE_LENGTH);
}

function refuseLong(what: string, code: string, texts: readonly string[], limit: number): void {
  const long = texts.filter((text) => text.length > limit);
  if (long.length === 0) return;
  throw new AzureError(
    400,
    code,
    `Tag ${what} too large. Following tag ${what} '${long.join(', ')}' exceeded the maximum length. Maximum allowed length ` +
      `for tag ${what} - '${limit}' characters.`,
  );
}
