import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '#lab/cloud';
import { renderAuditRecord } from './lab/audit-line.ts';
import { reportError } from './report-error.ts';
import { palette, type Terminal } from './terminal.ts';
import { visible, visibleText } from './visible.ts';

describe('a text from elsewhere', () => {
  it.each([
    ['a title of the window', '\u001B]0;x\u0007', '\\u001b]0;x\\u0007'],
    ['the clipboard', '\u001B]52;c;eA==\u001B\\', '\\u001b]52;c;eA==\\u001b\\'],
    ['an empty screen', '\u001B[2J', '\\u001b[2J'],
    ['one character that begins a sequence', '\u009B2J', '\\u009b2J'],
    ['a line over the one before', 'ok\rbad', 'ok\\u000dbad'],
    ['letters taken back', 'a\b\u007F', 'a\\u0008\\u007f'],
    ['text that runs the other way', 'a\u202Eb\u2066', 'a\\u202eb\\u2066'],
  ])('gets no terminal to show %s', (_what, text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('keeps its letters, its lines and its tabs', () => {
    expect(visibleText('größe 容量\r\n\tok\n✓')).toBe('größe 容量\n\tok\n✓');
  });

  it('is found wherever it is in a value, and nothing else is changed', () => {
    expect(visible({ a: ['\u0007', { b: '\u0007' }], c: 1, d: true, e: undefined, f: null })).toEqual({
      a: ['\\u0007', { b: '\\u0007' }],
      c: 1,
      d: true,
      e: undefined,
      f: null,
    });
  });
});

describe('what a person is told', () => {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const terminal: Terminal = { out: write, err: write, colour: false, errColour: false, interactive: false, env: {} };

  it('of a request has no control characters of who sent it', () => {
    const record: AuditRecord = {
      time: '2026-01-01T00:00:00.000Z',
      service: 'entra',
      operation: 'Token',
      method: 'POST',
      host: 'login.microsoftonline.com',
      path: '/\u001B[2J',
      status: 200,
      result: 'Success',
      identity: { objectId: 'o', clientId: 'c', name: '\u001B]0;x\u0007' },
      durationMs: 1,
    };
    expect(renderAuditRecord(record, palette(terminal))).not.toMatch(/[\u0007\u001B]/);
  });

  it('of a failure has no control characters of its text', () => {
    reportError(new Error('pod \u001B[2J'), terminal);
    expect(written.join('')).toContain('pod \\u001b[2J');
    expect(written.join('')).not.toContain('\u001B');
  });
});
