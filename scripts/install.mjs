// Installs what a fresh clone lacks, before `npm start` and `npm test`. Runs on the machine's own Node
// (20 or later), because the project's Node 24 is one of the packages that it installs.
//
// Install scripts run one by one, not through `npm ci`:
// - `node` fetches its platform package; it also carries the C++ headers that hnswlib-node is compiled
//   with, so no header download is needed;
// - onnxruntime-node's script only downloads CUDA libraries from outside the registry, so it never runs.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const marker = path.join(root, 'node_modules', '.tslrec-installed');
const lockHash = createHash('sha256')
  .update(readFileSync(path.join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(marker) || readFileSync(marker, 'utf8') !== lockHash) {
  console.error('Installing packages (about a minute, once) ...');
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  npm(['rebuild', 'node']);
  npm(['rebuild', 'hnswlib-node'], { npm_config_nodedir: nodeHeaders() });
  writeFileSync(marker, lockHash);
}

function npm(args, extraEnvironment = {}) {
  const environment = {
    ...process.env,
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    npm_config_loglevel: 'error',
    ...extraEnvironment,
  };
  try {
    execFileSync('npm', args, {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    });
  } catch (error) {
    console.error(String(error.stdout ?? ''));
    console.error(
      `"npm ${args.join(' ')}" failed; mend what it says above (hnswlib-node needs python3, make and a C++ ` +
        'compiler), then try again.',
    );
    process.exit(1);
  }
}

/**
 * The folder that holds include/node: inside the `node` package's platform package, else npm's own default.
 */
function nodeHeaders() {
  for (const folder of [
    path.join(root, 'node_modules', 'node', 'node_modules'),
    path.join(root, 'node_modules'),
  ]) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      if (
        /^node-(bin-)?(linux|darwin|win)/.test(name) &&
        existsSync(path.join(folder, name, 'include', 'node'))
      )
        return path.join(folder, name);
    }
  }
  return process.env.npm_config_nodedir ?? '';
}
