-- expect: route.answer
-- mode: get
return { html = "x", json = {} }
