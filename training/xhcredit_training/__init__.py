"""How is a points table learned, judged and promoted?"""
