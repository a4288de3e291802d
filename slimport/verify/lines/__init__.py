"""Where the sides part: the lines of both trees, and the rules that wrote them."""
