#include "layer.h"
#include "tfc/Target/X86/X86Target.h"

int main(int, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  tfc::x86::registerX86Interfaces(registry);
  mlir::MLIRContext context(registry);
  tfc::x86::X86Options options;
  options.runtimeDirectory = RUNTIME_DIR;
  options.weightsFile = std::string(argv[2]) + ".weights";
  auto module = runOn(context, argv[1], [&](mlir::OpPassManager &pm) {
    tfc::x86::buildX86Pipeline(pm, options);
  });
  return !module || failed(tfc::x86::emitX86(*module, options,
                                             tfc::x86::X86Output::SharedLibrary,
                                             argv[2]));
}
