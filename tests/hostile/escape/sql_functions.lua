-- expect: survives | limit.time
for _, f in ipairs { "load_extension('evil')", "readfile('/etc/passwd')", "writefile('/tmp/evil', 'x')", "edit('x')", "fts3_tokenizer('simple')",
  "zeroblob(2000000000)", "randomblob(2000000000)", "printf('%.*c', 2000000000, 'x')", "format('%.*c', 2000000000, 'x')",
  "hex(zeroblob(1000000000))", "replace(zeroblob(100000), x'00', zeroblob(100000))", "group_concat(zeroblob(100000000))",
  "instr(zeroblob(4000000), zeroblob(2000000) || x'01')", "trim('x', 'y')", "sqlite_source_id()", "total_changes()", "FTS3_Tokenizer('simple')" } do
  local ok, rows = pcall(storage.sql, "select " .. f .. " as x")
  assert(not ok, f .. " " .. (ok and tostring(rows[1].x) or ""))
end
