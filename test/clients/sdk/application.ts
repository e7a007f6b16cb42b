import { readFileSync } from 'node:fs';
import { ProxyAgent, request } from 'undici';
import type { TestLab } from '../../support/test-lab.ts';

/** An application that is registered in the lab's tenant and has a client secret. */
export interface TestApplication {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The object id of its service principal: what access policies name. */
  readonly objectId: string;
}

/** Registers an application as the lab's user, with the requests to Microsoft Graph that its documentation gives. */
export async function createApplication(lab: TestLab): Promise<TestApplication> {
  const token = await lab.az(
    'az account get-access-token --resource https://graph.microsoft.com --query accessToken -o tsv',
  );
  const ca = readFileSync(lab.folder.caFile, 'utf8');
  const agent = new ProxyAgent({ uri: `http://127.0.0.1:${lab.lab.gatewayPort}`, requestTls: { ca } });
  const post = async (path: string, body: object) => {
    const answer = await request(`https://graph.microsoft.com/v1.0${path}`, {
      method: 'POST',
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`POST ${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as Readonly<Record<string, string>>;
  };
  try {
    const { id, appId = '' } = await post('/applications', { displayName: 'sdk' });
    const { secretText = '' } = await post(`/applications/${id}/addPassword`, {
      passwordCredential: { displayName: 'sdk' },
    });
    const { id: objectId = '' } = await post('/servicePrincipals', { appId });
    return { clientId: appId, clientSecret: secretText, objectId };
  } finally {
    await agent.destroy();
  }
}
