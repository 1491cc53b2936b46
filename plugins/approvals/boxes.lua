-- What stands in the boxes of the diagram: the lines of each step, and how large its box is for that.

local condition = require "approvals.condition"
local part = require "approvals.part"
local target = require "approvals.target"
local vote = require "approvals.vote"
local words = require "approvals.words"

local boxes = { width = 330, pad = 14 }

local text_size, small = 14, 12.5
local branch_width, between, row_of = 244, 16, 2 -- two in a row: a phone is narrow

local function person_name(id)
  local person = id and people.person(id)
  return person and person.name or "?"
end

-- "Approved: Lê Hoa for Trần Mai, 04/01/2021"
local function state_text(place)
  local word = t("diagram.state." .. place.state)
  if place.no_quorum then return t("diagram.no_quorum", { who = place.no_quorum }) end
  if place.counts then return word .. ": " .. vote.counted(place.counts) end
  if not place.by then return word end
  local names = {}
  for at, said in ipairs(place.all or { place }) do
    names[at] = person_name(said.by)
    if said.acts_for then names[at] = t("diagram.for", { who = names[at], acts_for = person_name(said.acts_for) }) end
  end
  local who = table.concat(names, ", ")
  local since = date.parse(place.since)
  return t("diagram.said", { state = word, who = who, day = since and date.format(since:date(), "short") or "" })
end

---Where a step may return to, beside the author, in words.
---@param step table
---@return string?
function boxes.returns(step)
  local to = step.may_return_to
  if not to then return nil end
  local names = {}
  for _, name in ipairs(type(to) == "table" and to or { to }) do
    names[#names + 1] = name == "any" and t "diagram.any" or name
  end
  return t("diagram.returns", { steps = table.concat(names, ", ") })
end

local function quorum_text(step)
  if not step.quorum then return nil end
  if step.quorum == "all" or step.quorum == "any" then return t("diagram.quorum." .. step.quorum) end
  local need = tostring(step.quorum)
  local more_than = need:match "^>(.+)$"
  return t("diagram.quorum", { need = more_than and t("diagram.more_than", { share = more_than }) or need })
end

local units = {
  ["working day"] = "working_day", d = "day", day = "day", w = "week", week = "week", h = "hour", hour = "hour",
}

-- "2 working days" in the reader's language; what is written in another way stands as it is.
local function in_words(term)
  local count, unit = term:match "^(%d+)%s*(%a[%a ]*)$"
  local key = unit and (units[unit] or units[unit:match "^(.-)s$"])
  return key and t("diagram.term." .. key .. (count == "1" and "" or "s"), { count = count }) or term
end

-- "Term: 2 working days; reminder 1 day before its end"
local function term_text(step)
  local words_of = {}
  if step.within then words_of[1] = t("diagram.within", { within = in_words(step.within) }) end
  if step.remind then
    local before = step.remind:match "^(.-)%s+before$"
    words_of[#words_of + 1] = before and t("diagram.remind_before", { term = in_words(before) })
      or t("diagram.remind_after", { term = in_words(step.remind) })
  end
  return #words_of > 0 and table.concat(words_of, "; ") or nil
end

-- What happens when the term is over, or a vote has no quorum.
local function end_text(step)
  local key = step.vote and "diagram.vote." or "diagram.then."
  local what = step.vote and vote.without_quorum(step) or step.on_timeout or "escalate"
  if what == "escalate" then return step.escalate and t(key .. what, { who = target.text(step.escalate) }) end
  return (step.vote or step.within) and t(key .. what) or nil
end

-- What stands in a box: { text, class, most lines } each.
local function contents(step, state)
  local list = { { step.name, "n", 2 }, { target.text(step.to), "s", 3 } }
  local function add(text, class, most)
    if text then list[#list + 1] = { text, class, most } end
  end
  add(quorum_text(step), "s", 2)
  add(vote.text(step), "s", 6)
  add(part.text(step), "s", 3)
  add(step.when and t("diagram.when", { condition = condition.text(step.when) }), "s i", 4)
  add(term_text(step), "s", 3)
  add(end_text(step), "s", 3)
  add(boxes.returns(step), "s", 3)
  add(state, "s b", 3)
  return list
end

-- A box with its lines laid out, not yet at its place.
local function make_box(step, places, width, number)
  local place = places and (places[step.name] or { state = "waiting" })
  local told = place and state_text(place)
  local state = place and place.state or "plain"
  local box = { step = step, state = state, told = told, w = width, number = number, lines = {}, h = 14 }
  for at, one in ipairs(contents(step, told)) do
    local size = at == 1 and text_size or small
    for _, line in ipairs(words.wrap(one[1], size, width - 64, one[3])) do
      box.lines[#box.lines + 1] = { text = line, class = one[2], y = box.h + size }
      box.h = box.h + size + 5
    end
  end
  box.h = math.max(box.h + 9, 48)
  return box
end

---How many of those side by side must approve.
---@param group table
---@return string
function boxes.side(group)
  local need = group.need or "all"
  return (need == "all" or need == "any") and t("diagram.side." .. need) or t("diagram.side", { need = need })
end

-- Steps side by side: rows of two, each as high as its highest.
local function make_frame(group, places, number)
  local head = boxes.side(group)
  if group.when then head = head .. " " .. t("diagram.when", { condition = condition.text(group.when) }) end
  local across = math.min(#group.parallel, row_of)
  local frame = { group = group, boxes = {}, lines = {}, h = 12 }
  frame.w = across * (branch_width + between) - between + 2 * boxes.pad
  for _, text in ipairs { group.name, head } do
    for _, line in ipairs(words.wrap(text, text_size, frame.w - 2 * boxes.pad, 3)) do
      local class = text == group.name and "n" or "s"
      frame.lines[#frame.lines + 1] = { text = line, class = class, y = frame.h + text_size }
      frame.h = frame.h + text_size + 5
    end
  end
  frame.h = frame.h + 6
  for first = 1, #group.parallel, across do
    local high = 0
    for n = first, math.min(first + across - 1, #group.parallel) do
      local box = make_box(group.parallel[n], places, branch_width, ("%s.%d"):format(number, n))
      box.dx, box.dy = boxes.pad + (n - first) * (branch_width + between), frame.h
      frame.boxes[n], high = box, math.max(high, box.h)
    end
    for n = first, math.min(first + across - 1, #group.parallel) do frame.boxes[n].h = high end
    frame.h = frame.h + high + boxes.pad
  end
  return frame
end

---A box for a step; a frame with boxes for steps side by side. Not yet at its place.
---@param step table
---@param places table? how each stands, of a case
---@param number string
---@return table { w, h, lines } and step, state, told; or group, boxes
function boxes.make(step, places, number)
  if step.parallel then return make_frame(step, places, number) end
  return make_box(step, places, boxes.width, number)
end

return boxes
