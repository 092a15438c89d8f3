// Learning-rate schedules: functions of the step (0-based) and the number of steps.

/** Linear warm-up over `warmup` of all steps, then a half cosine down to a tenth of the peak. */
export function warmupCosine(peak: number, warmup = 0.05): (step: number, total: number) => number {
  return (step, total) => {
    const warmupSteps = Math.max(1, warmup * total);
    if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, total - warmupSteps));
    return peak * (0.1 + 0.45 * (1 + Math.cos(Math.PI * progress)));
  };
}
