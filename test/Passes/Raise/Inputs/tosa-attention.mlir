// softmax(q @ k.T * 0.25 + mask) @ v in TOSA.
func.func @main(%q: tensor<2x8x16xf32> {tfc.name = "q"}, %k: tensor<2x12x16xf32> {tfc.name = "k"}, %v: tensor<2x12x16xf32> {tfc.name = "v"}, %m: tensor<1x1x12xf32> {tfc.name = "m"}) -> (tensor<2x8x16xf32> {tfc.name = "y"}) {
  %zp = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %shift = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %c = "tosa.const"() {values = dense<0.25> : tensor<1x1x1xf32>} : () -> tensor<1x1x1xf32>
  %kt = tosa.transpose %k {perms = array<i32: 0, 2, 1>} : (tensor<2x12x16xf32>) -> tensor<2x16x12xf32>
  %s = tosa.matmul %q, %kt, %zp, %zp : (tensor<2x8x16xf32>, tensor<2x16x12xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x8x12xf32>
  %sc = tosa.mul %s, %c, %shift : (tensor<2x8x12xf32>, tensor<1x1x1xf32>, tensor<1xi8>) -> tensor<2x8x12xf32>
  %sm = tosa.add %sc, %m : (tensor<2x8x12xf32>, tensor<1x1x12xf32>) -> tensor<2x8x12xf32>
  %mx = tosa.reduce_max %sm {axis = 2 : i32} : (tensor<2x8x12xf32>) -> tensor<2x8x1xf32>
  %d = tosa.sub %sm, %mx : (tensor<2x8x12xf32>, tensor<2x8x1xf32>) -> tensor<2x8x12xf32>
  %e = tosa.exp %d : (tensor<2x8x12xf32>) -> tensor<2x8x12xf32>
  %su = tosa.reduce_sum %e {axis = 2 : i32} : (tensor<2x8x12xf32>) -> tensor<2x8x1xf32>
  %r = tosa.reciprocal %su : (tensor<2x8x1xf32>) -> tensor<2x8x1xf32>
  %p = tosa.mul %e, %r, %shift : (tensor<2x8x12xf32>, tensor<2x8x1xf32>, tensor<1xi8>) -> tensor<2x8x12xf32>
  %y = tosa.matmul %p, %v, %zp, %zp : (tensor<2x8x12xf32>, tensor<2x12x16xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x8x16xf32>
  return %y : tensor<2x8x16xf32>
}
