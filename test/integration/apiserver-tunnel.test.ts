import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { startTestApiServer } from './support/api-server.ts';

test('agrees on a SPDY tunnel in a WebSocket for port forwarding, as client-go asks for it', async () => {
  await using server = await startTestApiServer();
  const config = new KubeConfig();
  config.loadFromString(
    await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'lab' }),
  );
  await server.access.create({ group: '', version: 'v1', resource: 'pods' }, 'default', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'nginx' }] },
  });
  const url = `${config.getCurrentCluster()?.server ?? ''}/api/v1/namespaces/default/pods/p/portforward`;
  const options = {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
    },
  };
  await config.applyToHTTPSOptions(options);
  const request = httpsRequest(url, options).end();
  const [answer, socket] = (await Promise.race([once(request, 'upgrade'), once(request, 'response')])) as [
    IncomingMessage,
    { destroy(): void } | undefined,
  ];
  socket?.destroy();
  expect({ status: answer.statusCode, protocol: answer.headers['sec-websocket-protocol'] }).toEqual({
    status: 101,
    protocol: 'SPDY/3.1+portforward.k8s.io',
  });
});
