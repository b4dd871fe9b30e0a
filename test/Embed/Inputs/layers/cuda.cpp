#include "layer.h"
#include "tfc/Target/CUDA/CudaTarget.h"

int main(int, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  tfc::cuda::registerCudaInterfaces(registry);
  mlir::MLIRContext context(registry);
  tfc::cuda::CudaOptions options;
  options.weightsFile = std::string(argv[2]) + ".weights";
  auto module = runOn(context, argv[1], [&](mlir::OpPassManager &pm) {
    tfc::cuda::buildCudaPipeline(pm, options);
  });
  return !module ||
         failed(tfc::cuda::emitCuda(*module, options,
                                    tfc::cuda::CudaOutput::Ptx, argv[2]));
}
