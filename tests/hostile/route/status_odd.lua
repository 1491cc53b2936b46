-- expect: route.answer
-- mode: post
return { status = 101, json = {} }
