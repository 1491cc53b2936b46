-- expect: survives | limit.time
for _, s in ipairs { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe1", "\x80", "a\xcc" } do
  pcall(utf8.len, s)
  pcall(utf8.codepoint, s, 1, -1)
  pcall(function() for _ in utf8.codes(s) do end end)
  for _, f in ipairs { text.fold, text.slug, text.name_key, json.encode, json.decode, date.parse, number.parse, storage.kv.set } do pcall(f, s) end
  pcall(text.compare, s, s)
  pcall(mark.insert, mark, { n = s })
end
assert(not pcall(utf8.char, -1))
assert(not pcall(utf8.char, 1 << 40))
