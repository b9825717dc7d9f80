/**
 * What an Envoy has in its environment for exact timers: libevent then asks the kernel's fine clock and a timerfd, where it else
 * goes by the coarse clock, 4 ms a step on kernels that tick 250 times a second.
 */
export const preciseTimers = { EVENT_PRECISE_TIMER: '1' } as const;
