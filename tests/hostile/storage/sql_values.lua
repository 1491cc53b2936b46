-- expect: survives
for _, v in ipairs { {}, print, { x = print }, { ["a\0"] = 1 }, { ["1"] = 1 }, { [0] = 1 }, "x", 1 } do pcall(storage.sql, "select :x as x", v) end
