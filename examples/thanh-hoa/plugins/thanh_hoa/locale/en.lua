return {
  ["import.empty"] = "There is nothing in the file.",
  ["import.date"] = "The second line must be the date, as dd/mm/yyyy.",
  ["import.lead"] = "After the date there must be a lead.",
  ["import.body"] = "After the lead there must be a paragraph at least.",
  ["import.byline"] = "The byline “Văn phòng …” at the end is missing.",
  ["import.unit"] = "There is no unit with this code.",
}
