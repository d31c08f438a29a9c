"""Can a record be restored, when, with what papers, who decides, and what will it change?"""
