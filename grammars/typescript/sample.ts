import { readFile } from "node:fs/promises";
import type { Route } from "./route";
import fs = require("fs");

export * from "./errors";

export type Handler<T> = (request: Request, context: T) => Promise<Response>;

/** What a server needs to run. */
export interface Options extends BaseOptions, Partial<Limits> {
  port: number;
  onError?(error: Error): void;
  log: (line: string) => void;
}

export const enum Level {
  Quiet = 0,
  Loud,
}

declare global {
  interface Window {
    server: Server;
  }
}

declare module "virtual:config" {
  export const config: Options;
}

export namespace Paths {
  export const root = "/";

  export function join(...parts: string[]): string {
    return parts.join(root);
  }
}

export function parse(text: string): Route;
export function parse(text: string, strict: boolean): Route;
export function parse(text: string, strict = false): Route {
  return strict ? check(text) : { path: text };
}

/** Serves routes. */
@Injectable({
  scope: "one",
})
export abstract class Server<T = unknown> extends Emitter<T> implements Closable {
  private readonly routes = new Map<string, Handler<T>>();

  constructor(
    private readonly options: Options,
    public name: string,
  ) {
    super();
  }

  abstract close(): Promise<void>;

  @Trace()
  async handle(request: Request): Promise<Response | undefined> {
    const handler = this.routes.get(request.url);
    return handler?.(request, this.context as T);
  }

  protected retry = async <R>(times: number): Promise<R> => {
    return attempt<R>(times);
  };
}

export const middleware: Handler<Context> = async (request, context) => {
  return context.next(request);
};

const defaults = {
  port: 80,
  log: (line: string) => process.stdout.write(line),
} satisfies Partial<Options>;

export default defineConfig({
  plugins: [middleware],
});
