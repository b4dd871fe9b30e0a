#include "layer.h"
#include "tfc/Target/CortexM7/CortexM7Target.h"

int main(int, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  tfc::m7::registerCortexM7Interfaces(registry);
  mlir::MLIRContext context(registry);
  tfc::m7::CortexM7Options options;
  options.prefix = "alone";
  auto module = runOn(context, argv[1], [&](mlir::OpPassManager &pm) {
    tfc::m7::buildCortexM7Pipeline(pm, options);
  });
  return !module ||
         failed(tfc::m7::emitCortexM7(*module, options,
                                      tfc::m7::CortexM7Output::Object, argv[2]));
}
