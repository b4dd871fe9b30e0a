// RUN: tfc-opt %s --pass-pipeline='builtin.module(x86-lower-attention{vector-bits=256},canonicalize,cse)' --split-input-file --verify-diagnostics | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(x86-lower-attention{vector-bits=512},canonicalize,cse)' --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=WIDE

// Keys and values of a group are copied once; blocks of all heads are dealt to
// workers with scratch for each. The same function serves both.
// CHECK-LABEL: @shared
// CHECK-DAG: %[[COPIES:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[BLOCKS:.*]] = arith.constant 24 : index
// CHECK-DAG: memref.alloc() {{.*}} : memref<4x4x32x24xf32>
// CHECK-DAG: memref.alloc() {{.*}} : memref<4x5x75x8xf32>
// CHECK: x86.parallel %[[COPIES]]
// CHECK: call @tfc_keys_f32_32
// CHECK: call @tfc_rows_f32_40
// CHECK: %[[WORKERS:.*]] = x86.num_threads
// CHECK: memref.alloc(%[[WORKERS]]) {{.*}} : memref<?x48x192xf32>
// CHECK: x86.parallel %[[BLOCKS]]
// CHECK: call @[[KERNEL:tfc_attention_[0-9]+]]
// CHECK: x86.parallel
// CHECK: x86.parallel
// CHECK: call @[[KERNEL]]
// CHECK-NOT: call @tfc_attention
// CHECK: return
// WIDE: memref.alloc() {{.*}} : memref<4x2x32x48xf32>
// WIDE: memref.alloc() {{.*}} : memref<4x1x75x48xf32>
func.func @shared(%q: memref<2x6x80x32xf32>, %k: memref<2x2x75x32xf32>, %v: memref<2x2x75x40xf32>, %y: memref<2x6x80x40xf32>, %z: memref<2x6x80x40xf32>) {
  attn.attention scale 0.25 ins(%q, %k, %v : memref<2x6x80x32xf32>, memref<2x2x75x32xf32>, memref<2x2x75x40xf32>) outs(%y : memref<2x6x80x40xf32>)
  attn.attention scale 0.25 ins(%q, %k, %v : memref<2x6x80x32xf32>, memref<2x2x75x32xf32>, memref<2x2x75x40xf32>) outs(%z : memref<2x6x80x40xf32>)
  return
}

// -----

// Other attributes take another function; a mask of bits is made loadable.
// CHECK-LABEL: @two_kinds
// CHECK: call @[[PLAIN:tfc_attention_[0-9]+]]
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : memref<1x1x8x8xi1>) outs(%{{.*}} : memref<1x1x8x8xi32>)
// CHECK: call @[[MASKED:tfc_attention_[0-9]+]]({{.*}}memref<1x1x?x?xi32
// CHECK: func.func private @[[PLAIN]]
// Nothing is compared where all keys are seen; a block of columns stays whole.
// CHECK: func.func private @[[MASKED]]
// CHECK: vector.maskedload {{.*}}vector<8xi32>
func.func @two_kinds(%q: memref<1x2x8x32xf32>, %mask: memref<1x1x8x8xi1>, %y: memref<1x2x8x32xf32>) {
  attn.attention scale 0.25 ins(%q, %q, %q : memref<1x2x8x32xf32>, memref<1x2x8x32xf32>, memref<1x2x8x32xf32>) outs(%y : memref<1x2x8x32xf32>)
  attn.attention scale 0.25 causal ins(%q, %q, %q : memref<1x2x8x32xf32>, memref<1x2x8x32xf32>, memref<1x2x8x32xf32>) mask(%mask : memref<1x1x8x8xi1>) outs(%y : memref<1x2x8x32xf32>)
  return
}

// -----

func.func @refused(%q: memref<1x2x8x32xf32>, %y: memref<1x2x8x32xf32>) {
  // expected-error @+1 {{there is no kernel for it: its weights are no softmax of all scores}}
  attn.attention score hard scale 0.25 ins(%q, %q, %q : memref<1x2x8x32xf32>, memref<1x2x8x32xf32>, memref<1x2x8x32xf32>) outs(%y : memref<1x2x8x32xf32>)
  return
}

// -----

func.func @refused_type(%q: memref<1x2x8x32xf16>, %y: memref<1x2x8x32xf16>) {
  // expected-error @+1 {{there is no kernel for it: its elements are not f32}}
  attn.attention scale 0.25 ins(%q, %q, %q : memref<1x2x8x32xf16>, memref<1x2x8x32xf16>, memref<1x2x8x32xf16>) outs(%y : memref<1x2x8x32xf16>)
  return
}

// -----

// Sequences of lengths that are known when it runs: their blocks of queries and
// panels of keys are listed first, and those that there are dealt to workers.
// CHECK-LABEL: @sequences
// CHECK: memref.alloc(%{{.*}}) {{.*}} : memref<?x2xindex>
// CHECK: %[[PANELS:.*]] = scf.for
// CHECK: %[[COPIES:.*]] = arith.muli %[[PANELS]]
// CHECK: x86.parallel %[[COPIES]]
// CHECK: memref.alloc(%{{.*}}) {{.*}} : memref<?x2xindex>
// CHECK: %[[TILES:.*]] = scf.for
// CHECK: %[[BLOCKS:.*]] = arith.muli %[[TILES]]
// CHECK: x86.parallel %[[BLOCKS]]
func.func @sequences(%q: memref<1x2x?x32xf32>, %bounds: memref<?xi64>, %y: memref<1x2x?x32xf32>) {
  attn.attention scale 0.25 ins(%q, %q, %q : memref<1x2x?x32xf32>, memref<1x2x?x32xf32>, memref<1x2x?x32xf32>) sequences(%bounds : memref<?xi64>) outs(%y : memref<1x2x?x32xf32>)
  return
}

// -----

// One query: no panels. Keys in parts of 1024, whose results are merged; where
// the number of queries is open, both ways are there.
// CHECK-LABEL: @one_query
// CHECK-NOT: call @tfc_keys
// CHECK: memref.alloc() {{.*}} : memref<10x8x32xf32>
// CHECK: x86.parallel %c10
// CHECK: call @tfc_attention_
// CHECK: x86.parallel %c2
// CHECK: call @tfc_merge_f32_32
// CHECK: return
func.func @one_query(%q: memref<1x2x1x32xf32>, %k: memref<1x2x5000x32xf32>, %y: memref<1x2x1x32xf32>) {
  attn.attention scale 0.25 ins(%q, %k, %k : memref<1x2x1x32xf32>, memref<1x2x5000x32xf32>, memref<1x2x5000x32xf32>) outs(%y : memref<1x2x1x32xf32>)
  return
}

// -----

// CHECK-LABEL: @open_queries
// CHECK: %[[FEW:.*]] = arith.cmpi ule, %{{.*}}, %c8
// CHECK: scf.if %[[FEW]]
// CHECK: call @tfc_merge_f32_32
// CHECK: } else {
// CHECK: call @tfc_keys_f32_32
func.func @open_queries(%q: memref<1x2x?x32xf32>, %k: memref<1x2x?x32xf32>, %y: memref<1x2x?x32xf32>) {
  attn.attention scale 0.25 ins(%q, %k, %k : memref<1x2x?x32xf32>, memref<1x2x?x32xf32>, memref<1x2x?x32xf32>) outs(%y : memref<1x2x?x32xf32>)
  return
}
