// RUN: tfc-opt %s --split-input-file --cuda-estimate --verify-diagnostics
// RUN: grep -v expected- %s | tfc-opt - --split-input-file --pass-pipeline='builtin.module(cuda-estimate{device=h100 note=true})' | FileCheck %s

// 2 x 512^3 operations at 19.5 TFLOP/s.
// CHECK: module attributes {cuda.estimate = {device = "h100", each = [
// CHECK-SAME: {bytes = 3145728 : i64, kernel = "cuda.product", limited_by = "arithmetic", nodes = [], operations = 268435456 : i64, us_at_least = 4.006{{[0-9]*}} : f64}
// CHECK-SAME: {bytes = 2099200 : i64, kernel = "linalg.generic", limited_by = "memory", nodes = ["/add"], operations = 262144 : i64, us_at_least = 0.6266{{[0-9]*}} : f64}
// CHECK-SAME: ], kernels = 3 : i64, of_open_sizes = 1 : i64, us_at_least = 4.63{{[0-9]*}} : f64, what = "lower bounds by the roofline model, an estimate, not measured"}
#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
// expected-remark @+1 {{3 kernels, 1 of open sizes; the others take 14.80 us at least on a100: an estimate, not measured}}
module {
func.func @sums(%a: memref<512x512xf32>, %b: memref<512x512xf32>, %c: memref<512x512xf32>, %bias: memref<512xf32>, %open: memref<?xf32>) {
  // expected-remark @+1 {{268435456 operations, 3145728 bytes: 13.77 us at least on a100, by arithmetic; an estimate, not measured}}
  cuda.product f32 maps [#mk, #kn, #mn] ins(%a, %b : memref<512x512xf32>, memref<512x512xf32>) outs(%c : memref<512x512xf32>) {
  ^bb0(%sum: f32):
    cuda.yield %sum : f32
  }
  // An operand that is read and written counts once.
  // expected-remark @unknown {{262144 operations, 2099200 bytes: 1.03 us at least on a100, by memory; an estimate, not measured}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]} ins(%a, %bias : memref<512x512xf32>, memref<512xf32>) outs(%c : memref<512x512xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } loc("/add")
  // expected-remark @+1 {{no estimate: its sizes are open}}
  linalg.exp ins(%open : memref<?xf32>) outs(%open : memref<?xf32>)
  return
}
}

// -----

// Pairs of a query and a key that are seen: 128 x 129 / 2 of a causal head; of a constant
// mask, 5 of 12 blocks of 64 x 64; all of one that is computed.
// expected-remark @+1 {{3 kernels, 0 of open sizes}}
module {
memref.global "private" constant @mask : memref<1x1x3x4xi1> = dense<[[[[true, false, false, true], [true, false, true, false], [false, true, false, false]]]]>
func.func @pairs(%q: memref<1x2x128x64xf16>, %k: memref<1x2x128x64xf16>, %v: memref<1x2x128x64xf16>, %y: memref<1x2x128x64xf16>,
                 %q2: memref<1x2x192x64xf16>, %k2: memref<1x2x256x64xf16>, %computed: memref<1x1x128x128xi1>) {
  // expected-remark @+1 {{4227072 operations, 131072 bytes: 0.06 us}}
  attn.attention scale 0.5 causal ins(%q, %k, %v : memref<1x2x128x64xf16>, memref<1x2x128x64xf16>, memref<1x2x128x64xf16>)
      outs(%y : memref<1x2x128x64xf16>)
  %mask = memref.get_global @mask : memref<1x1x3x4xi1>
  // expected-remark @+1 {{10485760 operations,}}
  attn.attention scale 0.5 mask_block 64 ins(%q2, %k2, %k2 : memref<1x2x192x64xf16>, memref<1x2x256x64xf16>, memref<1x2x256x64xf16>)
      mask(%mask : memref<1x1x3x4xi1>) outs(%q2 : memref<1x2x192x64xf16>)
  // expected-remark @+1 {{8388608 operations,}}
  attn.attention scale 0.5 ins(%q, %k, %v : memref<1x2x128x64xf16>, memref<1x2x128x64xf16>, memref<1x2x128x64xf16>)
      mask(%computed : memref<1x1x128x128xi1>) outs(%y : memref<1x2x128x64xf16>)
  return
}
}
