from gridmart.cli import main

main()
