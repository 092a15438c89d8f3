// /openapi.json: OpenAPI 3.1, made of the declarations of the routes, and a page to read and try them.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import express from 'express';
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiContentObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { ERROR_STATUS, type ErrorCode } from '../errors.ts';
import { METHODS, type Method, type Route, type Routes, route } from './route.ts';

const errorBody = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .meta({ id: 'Error', description: 'What was wrong, in one sentence, and a code for programs' });

const BYTES = { type: 'string', format: 'binary' } as const;

/** What any route may answer with. */
const ALWAYS: readonly ErrorCode[] = ['bad-request', 'bad-parameter', 'overloaded'];
const OF_KEYS: readonly ErrorCode[] = ['unauthenticated', 'forbidden'];
const OF_BODIES: readonly ErrorCode[] = ['too-large', 'unsupported-media', 'bad-data'];

const packageFile = path.join(import.meta.dirname, '../../package.json');

export function openApiOf(routes: Routes): object {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'tslrec',
      version,
      description:
        'Item embeddings that carry behaviour and language. Every answer from a version names it; every ' +
        'error is {"error": {"code", "message"}}.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A key of `tslrec keys create`' },
      },
    },
    paths: pathsOf(routes),
  });
}

function pathsOf(routes: Routes): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const [place, methods] of Object.entries(routes)) {
    const names = [...place.matchAll(/:(\w+)/g)].map(([, name]) => name);
    const inBraces = place.replace(/:(\w+)/g, '{$1}');
    paths[inBraces] = Object.fromEntries(
      METHODS.flatMap((method) => {
        const declared = methods[method];
        return declared ? [[method.toLowerCase(), operationOf(method, inBraces, declared, names)]] : [];
      }),
    );
  }
  return paths;
}

function operationOf(method: Method, place: string, declared: Route, names: readonly string[]) {
  const { summary, description, scope, params, query, body } = declared;
  const pathParams = params ?? z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  return {
    operationId: operationIdOf(method, place),
    tags: [place.split('/')[1]],
    summary,
    description,
    security: scope === 'open' ? [] : [{ key: [] }],
    requestParams: { ...(names.length > 0 && { path: pathParams }), ...(query && { query }) },
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: responsesOf(declared),
  };
}

/** GET /items/{itemId}/neighbors -> getItemsItemIdNeighbors. */
function operationIdOf(method: Method, place: string): string {
  const words = place.split(/\W+/).filter((word) => word !== '');
  return method.toLowerCase() + words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
}

function responsesOf({ answers, errors = [], scope, body }: Route): ZodOpenApiResponsesObject {
  const responses: ZodOpenApiResponsesObject = {};
  for (const [status, { description, schema, mediaTypes, headers }] of Object.entries(answers)) {
    const content: ZodOpenApiContentObject = schema ? { 'application/json': { schema } } : {};
    for (const type of mediaTypes ?? []) content[type] = { schema: BYTES };
    responses[status as `${1 | 2 | 3 | 4 | 5}${string}`] = {
      description,
      ...(Object.keys(content).length > 0 && { content }),
      ...(headers && {
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, about]) => [
            name,
            { description: about, schema: { type: 'string' as const } },
          ]),
        ),
      }),
    };
  }
  const codes = new Set([
    ...ALWAYS,
    ...(scope === 'open' ? [] : OF_KEYS),
    ...(body ? OF_BODIES : []),
    ...errors,
  ]);
  for (const code of codes) {
    const status = String(ERROR_STATUS[code]) as '400';
    const same = [...codes].filter((other) => ERROR_STATUS[other] === ERROR_STATUS[code]);
    responses[status] ??= {
      description: same.join(', '),
      content: { 'application/json': { schema: errorBody } },
    };
  }
  return responses;
}

/** Under /docs: Swagger UI over /openapi.json, from the installed package. */
export function documentationPage(): express.Router {
  const router = express.Router();
  const assets = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  router.get('/docs/swagger-initializer.js', (_request, response) => {
    response
      .type('text/javascript')
      .send(
        "window.ui = SwaggerUIBundle({ url: '../openapi.json', dom_id: '#swagger-ui', " +
          'presets: [SwaggerUIBundle.presets.apis] });',
      );
  });
  router.use('/docs', express.static(assets, { index: 'index.html', maxAge: '1d' }));
  return router;
}

/** The route that answers with the document of the routes given, itself among them. */
export function documented(routes: Routes): Routes {
  let document: object | undefined;
  const all: Routes = {
    ...routes,
    '/openapi.json': {
      GET: route({
        summary: 'This document',
        scope: 'open',
        answers: { 200: { description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) } },
        handle: () => (document ??= openApiOf(all)),
      }),
    },
  };
  return all;
}
