// What a browser does for `az login`: opens the sign-in page through the proxy and submits the form on it, as the page's
// own script does on load. Used as BROWSER="node browser.mjs %s &".
import { readFileSync } from 'node:fs';
import { ProxyAgent, request } from 'undici';

const dispatcher = new ProxyAgent({
  uri: process.env.HTTPS_PROXY,
  requestTls: { ca: readFileSync(process.env.REQUESTS_CA_BUNDLE, 'utf8') },
});
const page = await (await request(process.argv[2], { dispatcher })).body.text();
const unescape = (text) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
const attribute = (tag, name) => unescape(new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
const [form = ''] = /<form[^>]*>/.exec(page) ?? [];
const fields = [...page.matchAll(/<input[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value')]);
await fetch(attribute(form, 'action'), { method: 'POST', body: new URLSearchParams(fields.filter(([name]) => name)) });
await dispatcher.close();
