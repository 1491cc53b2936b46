-- expect: route.answer
-- mode: get
return { json = {}, frame = true }
