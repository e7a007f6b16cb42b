/** Whether `name` may be an object's of a vault: 1 to 127 letters, digits and dashes. */
export function isObjectName(name: string): boolean {
  return /^[0-9a-zA-Z-]{1,127}$/.test(name);
}
