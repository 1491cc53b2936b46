-- Where an `end` is missing: a compiler notices it at the end of the file, a reader by the indentation.
--
-- Words that open and close are paired as the compiler does. The first that closes, at the beginning of its line, what
-- began on a line of another indentation shows which one was left open.
local opens = { ["function"] = true, ["if"] = true, ["do"] = true, ["repeat"] = true }
local before_do = { ["while"] = true, ["for"] = true }

local function blank(text) return (text:gsub("[^\n]", " ")) end

-- Texts and comments hide their words.
local function bare(text)
  text = text:gsub("\\.", "  ")
  text = text:gsub('"[^"\n]*"', blank):gsub("'[^'\n]*'", blank)
  return (text:gsub("%-%-[^\n]*", ""))
end

-- The word and the line of a block that seems to have no end, or nil.
return function(text)
  local stack, number, loop = {}, 0, nil
  if text:find("[[", 1, true) or text:find("[=", 1, true) then return nil end -- long texts: not worth a parser
  for line in (bare(text) .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    local indent, first = #line:match("^%s*"), true
    for word in line:gmatch("[%a_][%w_]*") do
      if before_do[word] then
        loop = { word = word, line = number, indent = indent }
      elseif opens[word] then
        stack[#stack + 1] = word == "do" and loop or { word = word, line = number, indent = indent }
        if word == "do" then loop = nil end
      elseif word == "end" or word == "until" then
        local top = table.remove(stack)
        if top and first and top.line ~= number and top.indent > indent then return top.word, top.line end
      end
      first = false
    end
  end
  local last = stack[#stack]
  if last then return last.word, last.line end
end
