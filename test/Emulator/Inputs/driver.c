/* What a program sees of the emulator: libtfcEmulator.so, loaded as a driver. */
#include "tfc/Emulator/Driver.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *kernels =
    "define ptx_kernel void @add(ptr %x, i32 %v) {\n"
    "  %o = load i32, ptr %x\n"
    "  %s = add i32 %o, %v\n"
    "  store i32 %s, ptr %x\n"
    "  ret void\n"
    "}\n";

static const char *name(CUresult code) {
  const char *text = "?";
  cuGetErrorName(code, &text);
  return text;
}

#define SHOW(call) printf("%s: %s\n", #call, name(call))

static int read_back(CUdeviceptr x) {
  int value = -1;
  cuMemcpyDtoH_v2(&value, x, 4);
  return value;
}

static void device_pointer_on_host(CUdeviceptr x) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    _exit(*(volatile char *)x);
  }
  int status;
  waitpid(child, &status, 0);
  printf("the host reads a device pointer: %s\n",
         WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? "a fault"
                                                           : "no fault");
}

/* A copy that the host does not wait for. */
static void missing_wait(CUfunction add, CUdeviceptr x) {
  CUstream stream;
  int two = 2, before = 20, after = -1;
  void *arguments[] = {&x, &two};
  cuStreamCreate(&stream, 1);
  cuMemcpyHtoD_v2(x, &before, 4);
  SHOW(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, arguments, 0));
  SHOW(cuMemcpyDtoHAsync_v2(&after, x, 4, stream));
  printf("without a wait: %d\n", after);
  SHOW(cuStreamSynchronize(stream));
  printf("after it: %d\n", after);
  cuStreamDestroy_v2(stream);
}

static void graphs(CUfunction add, CUdeviceptr x) {
  CUstream stream;
  CUgraph graph;
  CUgraphExec executable;
  int one = 1, value = 5;
  void *arguments[] = {&x, &one};
  SHOW(cuStreamCreate(&stream, 1));
  SHOW(cuStreamBeginCapture_v2(0, CU_STREAM_CAPTURE_MODE_GLOBAL));
  SHOW(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  SHOW(cuMemcpyHtoDAsync_v2(x, &value, 4, stream));
  SHOW(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, arguments, 0));
  one = 100;
  SHOW(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, arguments, 0));
  SHOW(cuStreamEndCapture(stream, &graph));
  printf("captured, not run: %d\n", read_back(x));
  SHOW(cuGraphInstantiateWithFlags(&executable, graph, 0));
  SHOW(cuGraphDestroy(graph));
  /* The copy reads its source when it runs. */
  value = 7;
  SHOW(cuGraphLaunch(executable, stream));
  SHOW(cuStreamSynchronize(stream));
  printf("7 + 1 + 100 = %d\n", read_back(x));
  SHOW(cuGraphExecDestroy(executable));
  SHOW(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  SHOW(cuStreamSynchronize(stream));
  SHOW(cuStreamEndCapture(stream, &graph));
  SHOW(cuStreamDestroy_v2(stream));
  SHOW(cuStreamDestroy_v2(stream));
}

int main(void) {
  CUcontext context;
  CUdeviceptr x, other;
  void *module;
  CUfunction add;
  int value;
  char device[16];
  SHOW(cuMemAlloc_v2(&x, 4));
  SHOW(cuInit(0));
  SHOW(cuMemAlloc_v2(&x, 4));
  SHOW(cuDeviceGetName(device, sizeof device, 0));
  cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0);
  printf("%s, compute capability %d.x\n", device, value);
  cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0);
  printf("multiprocessors: %d\n", value);
  SHOW(cuDevicePrimaryCtxRetain(&context, 0));
  SHOW(cuCtxPushCurrent_v2(context));
  SHOW(cuModuleLoadDataEx((CUmodule *)&module, ".version 8.0", 0, 0, 0));
  printf("message: %s\n", tfcEmulatorMessage());
  SHOW(tfcEmulatorModuleLoad(&module, "nonsense", 8));
  SHOW(tfcEmulatorModuleLoad(&module, kernels, strlen(kernels)));
  SHOW(cuModuleGetFunction(&add, (CUmodule)module, "subtract"));
  SHOW(cuModuleGetFunction(&add, (CUmodule)module, "add"));
  SHOW(cuMemAlloc_v2(&x, 4));
  SHOW(cuMemsetD8Async(x, 0, 4, 0));
  device_pointer_on_host(x);
  SHOW(cuMemcpyHtoD_v2(x, "12345678", 8));
  printf("message: past the end: %d\n",
         strstr(tfcEmulatorMessage(), "past the end of the 4 bytes") != 0);

  int three = 3;
  void *arguments[] = {&x, &three};
  SHOW(cuLaunchKernel(add, 1, 1, 1, 2, 1, 1, 0, 0, arguments, 0));
  printf("0 + 3 + 3 = %d\n", read_back(x));
  struct {
    CUdeviceptr x;
    int v;
  } packed = {x, 4};
  size_t size = sizeof packed;
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed,
                   CU_LAUNCH_PARAM_BUFFER_SIZE, &size, CU_LAUNCH_PARAM_END};
  SHOW(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, 0, 0, extra));
  printf("6 + 4 = %d\n", read_back(x));
  missing_wait(add, x);
  graphs(add, x);

  /* A fault shows at the launch and at the next synchronisation, then is over. */
  SHOW(cuMemAlloc_v2(&other, 4));
  SHOW(cuMemFree_v2(other));
  SHOW(cuMemFree_v2(other));
  arguments[0] = &other;
  SHOW(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, 0, arguments, 0));
  SHOW(cuCtxSynchronize());
  SHOW(cuCtxSynchronize());
  arguments[0] = &x;
  SHOW(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, 0, arguments, 0));
  CUstream stream;
  CUgraph graph;
  CUgraphExec executable;
  cuStreamCreate(&stream, 0);
  cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED);
  cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, arguments, 0);
  cuStreamEndCapture(stream, &graph);
  cuGraphInstantiateWithFlags(&executable, graph, 0);
  SHOW(cuModuleUnload((CUmodule)module));
  SHOW(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, 0, arguments, 0));
  SHOW(cuGraphLaunch(executable, 0));
  printf("message: %s\n", tfcEmulatorMessage());
  return 0;
}
