-- expect: invalid.value
-- mode: locale
return { title = function() end }
