// RUN: split-file %s %t

// Layers whose sums are normed where they begin: two blocks each.
// RUN: tfc-opt %t/pre.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-layers=1}))' | FileCheck %t/pre.mlir --check-prefix=FIRST
// RUN: tfc-opt %t/pre.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-layers=2}))' | FileCheck %t/pre.mlir --check-prefix=SECOND
// RUN: tfc-opt %t/pre.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-layers=2,1,2}))' | FileCheck %t/pre.mlir --check-prefix=BOTH
// RUN: tfc-opt %t/pre.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-blocks=down1,o2}))' | FileCheck %t/pre.mlir --check-prefix=BLOCKS
// Sites are called what they were before layers went.
// RUN: tfc-opt %t/pre.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-layers=1 drop=down2=0}))' | FileCheck %t/pre.mlir --check-prefix=CHANNEL
//--- pre.mlir
// FIRST-LABEL: @pre
// FIRST-SAME: tfc.compression = [{dropped = "layer", pass = "attn-prune", site = "layer 1"}]
// FIRST-NOT: 1.000000e+00, 1.000000e+01
// FIRST-DAG: %[[A:.*]] = arith.constant dense<{{\[\[}}2.000000e+00, 2.000000e+01]]>
// FIRST: attn.norm {{.*}} ins(%arg0
// FIRST: attn.attention
// FIRST-NOT: attn.attention
// FIRST: attn.linear {{.*}} %[[A]]
// FIRST: %[[SUM:.*]] = linalg.add
// FIRST: %[[Y:.*]] = attn.norm layer {{.*}} ins(%[[SUM]]
// FIRST: return %[[Y]]
// SECOND-LABEL: @pre
// SECOND: arith.constant dense<{{\[\[}}1.000000e+00, 1.000000e+01]]>
// SECOND-NOT: 2.000000e+00, 2.000000e+01
// SECOND: return
// BOTH-LABEL: @pre
// BOTH-SAME: site = "layer 2"}, {dropped = "layer", pass = "attn-prune", site = "layer 1"}]
// BOTH-NOT: attn.linear
// BOTH: %[[Y:.*]] = attn.norm layer {{.*}} ins(%arg0
// BOTH-NEXT: return %[[Y]]
// The attention of the first layer and the other block of the second are left.
// BLOCKS-LABEL: @pre
// BLOCKS-SAME: {dropped = "block", pass = "attn-prune", site = "o2"}, {dropped = "block", pass = "attn-prune", site = "down1"}
// BLOCKS-DAG: arith.constant dense<1.250000e-01>
// BLOCKS-DAG: arith.constant dense<4.000000e+00>
// BLOCKS-NOT: arith.constant dense<2.500000e-01>
// BLOCKS-NOT: arith.constant dense<3.000000e+00>
// BLOCKS: attn.attention
// BLOCKS-NOT: attn.attention
// BLOCKS: return
// CHANNEL-LABEL: @pre
// CHANNEL-SAME: {channels = 1 : i64, of = 2 : i64, pass = "attn-prune", site = "down2"}
// CHANNEL: dense<2.000000e+01> : tensor<1x1xf32>
func.func @pre(%x: tensor<1x3x1xf32>) -> tensor<1x3x1xf32> {
  %e = tensor.empty() : tensor<1x3x1xf32>
  %e2 = tensor.empty() : tensor<1x3x2xf32>
  %eh = tensor.empty() : tensor<1x1x3x1xf32>
  %o1 = arith.constant dense<0.125> : tensor<1x1xf32>
  %o2 = arith.constant dense<0.25> : tensor<1x1xf32>
  %up1 = arith.constant dense<[[1.0, 10.0]]> : tensor<1x2xf32>
  %up2 = arith.constant dense<[[2.0, 20.0]]> : tensor<1x2xf32>
  %down1 = arith.constant dense<3.0> : tensor<2x1xf32>
  %down2 = arith.constant dense<4.0> : tensor<2x1xf32>
  %n1 = attn.norm rms axis 2 epsilon 1.0e-05 ins(%x : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %h1 = tensor.expand_shape %n1 [[0], [1, 2], [3]] output_shape [1, 1, 3, 1] : tensor<1x3x1xf32> into tensor<1x1x3x1xf32>
  %a1 = attn.attention scale 1.0 ins(%h1, %h1, %h1 : tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>) outs(%eh : tensor<1x1x3x1xf32>) -> tensor<1x1x3x1xf32>
  %f1 = tensor.collapse_shape %a1 [[0], [1, 2], [3]] : tensor<1x1x3x1xf32> into tensor<1x3x1xf32>
  %p1 = attn.linear ins(%f1, %o1 : tensor<1x3x1xf32>, tensor<1x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32> loc("o1")
  %s1 = linalg.add ins(%x, %p1 : tensor<1x3x1xf32>, tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %m1 = attn.norm rms axis 2 epsilon 1.0e-05 ins(%s1 : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %g1 = attn.linear ins(%m1, %up1 : tensor<1x3x1xf32>, tensor<1x2xf32>) outs(%e2 : tensor<1x3x2xf32>) activation relu -> tensor<1x3x2xf32>
  %d1 = attn.linear ins(%g1, %down1 : tensor<1x3x2xf32>, tensor<2x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32> loc("down1")
  // What is added may be on the left.
  %t1 = linalg.add ins(%d1, %s1 : tensor<1x3x1xf32>, tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %n2 = attn.norm rms axis 2 epsilon 1.0e-05 ins(%t1 : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %h2 = tensor.expand_shape %n2 [[0], [1, 2], [3]] output_shape [1, 1, 3, 1] : tensor<1x3x1xf32> into tensor<1x1x3x1xf32>
  %a2 = attn.attention scale 1.0 ins(%h2, %h2, %h2 : tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>) outs(%eh : tensor<1x1x3x1xf32>) -> tensor<1x1x3x1xf32>
  %f2 = tensor.collapse_shape %a2 [[0], [1, 2], [3]] : tensor<1x1x3x1xf32> into tensor<1x3x1xf32>
  %p2 = attn.linear ins(%f2, %o2 : tensor<1x3x1xf32>, tensor<1x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32> loc("o2")
  %s2 = linalg.add ins(%t1, %p2 : tensor<1x3x1xf32>, tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %m2 = attn.norm rms axis 2 epsilon 1.0e-05 ins(%s2 : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %g2 = attn.linear ins(%m2, %up2 : tensor<1x3x1xf32>, tensor<1x2xf32>) outs(%e2 : tensor<1x3x2xf32>) activation relu -> tensor<1x3x2xf32>
  %d2 = attn.linear ins(%g2, %down2 : tensor<1x3x2xf32>, tensor<2x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32> loc("down2")
  %t2 = linalg.add ins(%s2, %d2 : tensor<1x3x1xf32>, tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %y = attn.norm layer axis 2 epsilon 1.0e-05 ins(%t2 : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  return %y : tensor<1x3x1xf32>
}

// Norms that follow the sums go with their layer.
// RUN: tfc-opt %t/post.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-layers=1}))' | FileCheck %t/post.mlir --check-prefix=FIRST
// RUN: tfc-opt %t/post.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop-layers=2}))' | FileCheck %t/post.mlir --check-prefix=SECOND
// RUN: tfc-opt %t/post.mlir --pass-pipeline='builtin.module(func.func(attn-extract{layers=1}))' | FileCheck %t/post.mlir --check-prefixes=SECOND,EXIT
//--- post.mlir
// FIRST-LABEL: @post
// FIRST: attn.attention
// FIRST: attn.linear
// FIRST: linalg.add ins(%arg0,
// FIRST: attn.norm {{.*}} epsilon 3.0
// FIRST: linalg.add
// FIRST: %[[Y:.*]] = attn.norm {{.*}} epsilon 4.0
// FIRST-NEXT: return %[[Y]]
// SECOND-LABEL: @post
// EXIT-SAME: tfc.compression = [{layers = 1 : i64, of = 2 : i64, pass = "attn-extract", site = "model"}]
// SECOND: attn.norm {{.*}} epsilon 1.0
// SECOND: linalg.add
// SECOND: %[[Y:.*]] = attn.norm {{.*}} epsilon 2.0
// SECOND-NEXT: return %[[Y]]
func.func @post(%x: tensor<1x3x1xf32>) -> tensor<1x3x1xf32> {
  %e = tensor.empty() : tensor<1x3x1xf32>
  %eh = tensor.empty() : tensor<1x1x3x1xf32>
  %o = arith.constant dense<0.125> : tensor<1x1xf32>
  %h1 = tensor.expand_shape %x [[0], [1, 2], [3]] output_shape [1, 1, 3, 1] : tensor<1x3x1xf32> into tensor<1x1x3x1xf32>
  %a1 = attn.attention scale 1.0 ins(%h1, %h1, %h1 : tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>) outs(%eh : tensor<1x1x3x1xf32>) -> tensor<1x1x3x1xf32>
  %f1 = tensor.collapse_shape %a1 [[0], [1, 2], [3]] : tensor<1x1x3x1xf32> into tensor<1x3x1xf32>
  %p1 = attn.linear ins(%f1, %o : tensor<1x3x1xf32>, tensor<1x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %s1 = linalg.add ins(%x, %p1 : tensor<1x3x1xf32>, tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %n1 = attn.norm rms axis 2 epsilon 1.0 ins(%s1 : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %d1 = attn.linear ins(%n1, %o : tensor<1x3x1xf32>, tensor<1x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %t1 = linalg.add ins(%n1, %d1 : tensor<1x3x1xf32>, tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %m1 = attn.norm rms axis 2 epsilon 2.0 ins(%t1 : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %h2 = tensor.expand_shape %m1 [[0], [1, 2], [3]] output_shape [1, 1, 3, 1] : tensor<1x3x1xf32> into tensor<1x1x3x1xf32>
  %a2 = attn.attention scale 1.0 ins(%h2, %h2, %h2 : tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>, tensor<1x1x3x1xf32>) outs(%eh : tensor<1x1x3x1xf32>) -> tensor<1x1x3x1xf32>
  %f2 = tensor.collapse_shape %a2 [[0], [1, 2], [3]] : tensor<1x1x3x1xf32> into tensor<1x3x1xf32>
  %p2 = attn.linear ins(%f2, %o : tensor<1x3x1xf32>, tensor<1x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %s2 = linalg.add ins(%m1, %p2 : tensor<1x3x1xf32>, tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %n2 = attn.norm rms axis 2 epsilon 3.0 ins(%s2 : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %d2 = attn.linear ins(%n2, %o : tensor<1x3x1xf32>, tensor<1x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %t2 = linalg.add ins(%n2, %d2 : tensor<1x3x1xf32>, tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  %m2 = attn.norm rms axis 2 epsilon 4.0 ins(%t2 : tensor<1x3x1xf32>) outs(%e : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  return %m2 : tensor<1x3x1xf32>
}
