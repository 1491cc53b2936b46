-- expect: survives
for _, t in ipairs { { [1] = 1, [1 << 40] = 2 }, { [math.mininteger] = 1 }, { [math.maxinteger] = 1 }, { [-1] = 1, [0] = 2 }, { 1, 2, nil, 4, nil, nil, nil, 8 } } do
  local ok, s = pcall(json.encode, t)
  assert(not ok or #s < 200)
  pcall(storage.kv.set, "x", t)
end
