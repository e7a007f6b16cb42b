/** A page that posts `fields` to `action` by itself, as `response_mode=form_post` has it; a button is there without scripts. */
export function renderFormPost(action: string, fields: Readonly<Record<string, string>>): Response {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}" />`,
  );
  return page(
    200,
    'Working...',
    `<form method="POST" name="hiddenform" action="${escapeHtml(action)}">${inputs.join('')}` +
      '<noscript><p>Signed in as the user of the lab.</p><input type="submit" value="Continue" /></noscript></form>' +
      '<script>document.forms[0].submit();</script>',
  );
}

/** A page that says something to a person. */
export function renderMessage(status: number, title: string, text: string): Response {
  return page(status, title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`);
}

function page(status: number, title: string, body: string): Response {
  const html =
    `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8" /><title>${escapeHtml(title)}</title></head>` +
    `<body>${body}</body></html>`;
  return new Response(html, { status, headers: { 'content-type': 'text/html; charset=utf-8' } });
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
