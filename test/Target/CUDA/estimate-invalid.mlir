// RUN: tfc-opt %s --pass-pipeline='builtin.module(cuda-estimate{device=v100})' --verify-diagnostics

// expected-error @+1 {{expected the device a100 or h100, found v100}}
module {
}
