-- expect: survives
storage.kv.set("x", "mine")
for _, key in ipairs { "good.x", "good:x", "../good/x", "good\0x", "'; drop table p_good__row; --", "\xff\xfe", ("k"):rep(300) } do
  pcall(storage.kv.set, key, "evil")
end
assert(storage.kv.get("x") == "mine")
