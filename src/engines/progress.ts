/** Told what a long job is doing, as often as it likes; `done` of `total` where that can be counted. */
export type Progress = (step: { what: string; done?: number; total?: number }) => void;
