"""Mutation tests: do the tests of the floors that decide fail when one token of them is changed?"""
