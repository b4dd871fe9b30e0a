func.func @main_graph(%i: tensor<1xi64> {tfc.name = "i", tfc.type = 7 : i32}, %x: tensor<4x16xf32> {tfc.name = "x"}) -> (tensor<16xf32> {tfc.name = "y"}, tensor<16xf32> {tfc.name = "z"}) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<16xf32>
  %n = tensor.extract %i[%c0] : tensor<1xi64>
  %at = arith.index_cast %n : i64 to index
  %inside = arith.cmpi ult, %at, %c4 : index
  cf.assert %inside, "an index is out of range"
  %row = tensor.extract_slice %x[%at, 0] [1, 16] [1, 1] : tensor<4x16xf32> to tensor<16xf32>
  %y = linalg.exp ins(%row : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %w = linalg.softmax dimension(0) ins(%y : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %y, %y : tensor<16xf32>, tensor<16xf32>
}
