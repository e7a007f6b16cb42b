/** Things to undo or stop, last one first. Node 20 has no AsyncDisposableStack. */
export interface DisposeStack {
  /** Adds a step; steps run in reverse order. */
  defer(step: () => void | Promise<void>): void;
  /** Adds a disposable and answers it. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T;
  /** Forgets all steps: what was built stays. */
  release(): void;
  /** Runs all steps, each of them even when others fail; throws the first failure. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** An empty {@link DisposeStack}. */
export function createDisposeStack(): DisposeStack {
  const steps: (() => void | Promise<void>)[] = [];
  return {
    defer: (step) => {
      steps.push(step);
    },
    use: (resource) => {
      steps.push(() =>
        Symbol.asyncDispose in resource ? Promise.resolve(resource[Symbol.asyncDispose]()) : resource[Symbol.dispose](),
      );
      return resource;
    },
    release: () => {
      steps.length = 0;
    },
    async [Symbol.asyncDispose]() {
      const failures: unknown[] = [];
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
