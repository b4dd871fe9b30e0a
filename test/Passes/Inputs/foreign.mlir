// Two public functions, a private one that both call, a declaration, and
// operations of a dialect that nobody knows between those of attn.
func.func private @elsewhere(tensor<1x8x16xf32>) -> tensor<1x8x16xf32>

func.func private @layer(%x: tensor<1x8x16xf32>, %w: tensor<16x16xf32>) -> tensor<1x8x16xf32> {
  %bias = arith.constant dense<0.5> : tensor<16xf32>
  %scale = arith.constant dense<1.0> : tensor<16xf32>
  %init = tensor.empty() : tensor<1x8x16xf32>
  %n = attn.norm layer axis 2 epsilon 1.0e-5 ins(%x : tensor<1x8x16xf32>) scale(%scale : tensor<16xf32>) bias(%bias : tensor<16xf32>) outs(%init : tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %f = "foreign.noise"(%n) {seed = 7 : i64} : (tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %q = attn.linear ins(%f, %w : tensor<1x8x16xf32>, tensor<16x16xf32>) bias(%bias : tensor<16xf32>) outs(%init : tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %h = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 8, 2, 8] : tensor<1x8x16xf32> into tensor<1x8x2x8xf32>
  %turned = tensor.empty() : tensor<1x2x8x8xf32>
  %t = linalg.transpose ins(%h : tensor<1x8x2x8xf32>) outs(%turned : tensor<1x2x8x8xf32>) permutation = [0, 2, 1, 3]
  %r = "foreign.rotate"(%t) : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %a = attn.attention scale 0.3 causal ins(%r, %t, %t : tensor<1x2x8x8xf32>, tensor<1x2x8x8xf32>, tensor<1x2x8x8xf32>) outs(%turned : tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %back = tensor.empty() : tensor<1x8x2x8xf32>
  %b = linalg.transpose ins(%a : tensor<1x2x8x8xf32>) outs(%back : tensor<1x8x2x8xf32>) permutation = [0, 2, 1, 3]
  %flat = tensor.collapse_shape %b [[0], [1], [2, 3]] : tensor<1x8x2x8xf32> into tensor<1x8x16xf32>
  %region = "foreign.region"(%flat) ({
  ^bb0(%inner: tensor<1x8x16xf32>):
    %m = math.exp %inner : tensor<1x8x16xf32>
    "foreign.end"(%m) : (tensor<1x8x16xf32>) -> ()
  }) : (tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %sum = linalg.add ins(%region, %x : tensor<1x8x16xf32>, tensor<1x8x16xf32>) outs(%init : tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  return %sum : tensor<1x8x16xf32>
}

func.func @first(%x: tensor<1x8x16xf32>) -> tensor<1x1x16xf32> {
  %w = arith.constant dense<0.01> : tensor<16x16xf32>
  %y = call @layer(%x, %w) : (tensor<1x8x16xf32>, tensor<16x16xf32>) -> tensor<1x8x16xf32>
  %z = call @elsewhere(%y) : (tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %slice = tensor.extract_slice %z[0, 0, 0] [1, 1, 16] [1, 1, 1] : tensor<1x8x16xf32> to tensor<1x1x16xf32>
  %out = "foreign.last"(%slice) : (tensor<1x1x16xf32>) -> tensor<1x1x16xf32>
  return %out : tensor<1x1x16xf32>
}

func.func @second(%x: tensor<1x8x16xf32>, %flag: i1) -> tensor<1x8x16xf32> {
  %w = arith.constant dense<0.02> : tensor<16x16xf32>
  %y = scf.if %flag -> tensor<1x8x16xf32> {
    %a = func.call @layer(%x, %w) : (tensor<1x8x16xf32>, tensor<16x16xf32>) -> tensor<1x8x16xf32>
    scf.yield %a : tensor<1x8x16xf32>
  } else {
    %f = "foreign.other"(%x) : (tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
    scf.yield %f : tensor<1x8x16xf32>
  }
  return %y : tensor<1x8x16xf32>
}
