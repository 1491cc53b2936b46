-- expect: route.answer
-- mode: post
return { status = 0 / 0, json = {} }
