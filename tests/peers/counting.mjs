// Counts what is asked of the GPU from here on; the same for whoever asks.

export const gpu = { dispatches: 0, submits: 0, pipelines: 0 };

function count(prototype, method, key) {
  const original = prototype[method];
  prototype[method] = function (...args) {
    gpu[key] += 1;
    return original.apply(this, args);
  };
}

if (globalThis.GPUDevice) {
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroups", "dispatches");
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", "dispatches");
  count(GPUQueue.prototype, "submit", "submits");
  count(GPUDevice.prototype, "createComputePipeline", "pipelines");
  count(GPUDevice.prototype, "createComputePipelineAsync", "pipelines");
}
