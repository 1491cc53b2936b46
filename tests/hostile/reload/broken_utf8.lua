-- expect: lua.syntax
-- mode: load
ÿþ
