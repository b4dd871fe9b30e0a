#include "layer.h"
#include "tfc/Import/Import.h"

/// import MODEL [INPUT SIZE...]
int main(int argc, char **argv) {
  tfc::ImportOptions options;
  for (int i = 3; i < argc; ++i)
    options.inputShapes[argv[2]].push_back(std::atoi(argv[i]));
  mlir::MLIRContext context;
  return print(tfc::importOnnxFile(context, argv[1], options));
}
