#include "layer.h"
#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Passes/Raise/Pipelines.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<tfc::onnx::OnnxDialect>();
  mlir::MLIRContext context(registry);
  tfc::raise::RaiseOptions options;
  options.findStructure = argc < 3;
  return print(runOn(context, argv[1], [&](mlir::OpPassManager &pm) {
    tfc::raise::buildRaisePipeline(pm, options);
  }));
}
