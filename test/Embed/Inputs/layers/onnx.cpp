#include "layer.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Export/Export.h"
#include "tfc/Target/Onnx/OnnxTarget.h"

int main(int, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<tfc::attn::AttnDialect>();
  mlir::MLIRContext context(registry);
  auto module = runOn(context, argv[1], [](mlir::OpPassManager &pm) {
    tfc::toonnx::buildOnnxPipeline(pm, {});
  });
  auto file = module ? tfc::ModelFile::create(*module) : nullptr;
  if (!file)
    return 1;
  std::error_code error;
  llvm::raw_fd_ostream stream(argv[2], error);
  file->write(stream);
  return 0;
}
