-- expect: invalid.value
-- mode: get
return { json = { f = function() end } }
