# syntax=docker/dockerfile:1
# docker build -t tslrec .
# First a version:
#   docker run --rm -v tslrec:/data -v FOLDER:/input:ro tslrec node src/main.ts refresh --data /input
# Then the service:
#   docker run -p 8080:8080 -v tslrec:/data tslrec
# (A volume serves one container at a time; with DATABASE_URL naming a Postgres both may run at once.)

FROM node:24-slim AS packages
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
# Install scripts run one by one, as in scripts/install.mjs; the headers are those of this image's Node.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && npm_config_nodedir=/usr/local npm rebuild hnswlib-node \
 && rm -rf node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 TSLREC_FOLDER=/data
RUN mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY migrations ./migrations
COPY jobs ./jobs
COPY src ./src
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts", "serve"]
